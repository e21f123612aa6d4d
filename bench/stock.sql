-- name: master
-- 2,000 chargers on 100 sites of 50 owners; numbers of five digits, as they stand on the chargers.
INSERT INTO owners (id, organisation, email, language)
SELECT 'bo' || n, 'Owner ' || n, 'owner' || n || '@owner.example', 'sv' FROM generate_series(1, 50) AS n;
INSERT INTO sites (id, name, street, postcode, city, latitude, longitude, owner_id, sla_level, timezone)
SELECT 'bs' || n, 'Parkeringshus ' || chr(65 + n / 26) || chr(65 + n % 26) || 'berga', 'Storgatan ' || n,
       lpad((41000 + n)::text, 5, '0'), 'Göteborg', 57.7 + n * 0.001, 11.9 + n * 0.001, 'bo' || (n % 50 + 1),
       (ARRAY['basic', 'plus', 'premium'])[n % 3 + 1], 'Europe/Stockholm'
FROM generate_series(1, 100) AS n;
INSERT INTO chargers (id, evse_id, site_id, vendor, model, power_kw, connectors)
SELECT n::text, 'SE*BEN*E' || n, 'bs' || (n % 100 + 1), 'Maker', 'Model ' || n % 5, 11, '1:Type2'
FROM generate_series(30000, 31999) AS n;
UPDATE directory_version SET version = version + 1;

-- name: people
INSERT INTO people (id, name, language, created_at)
SELECT n, 'Person ' || n, 'sv', '2025-01-01' FROM generate_series(1, {persons}) AS n;
SELECT setval(pg_get_serial_sequence('people', 'id'), {persons} + 1);
INSERT INTO identities (person_id, kind, value, evidence, linked_at)
SELECT n, 'email', 'person' || n || '@driver.example', 'mail', '2025-01-01' FROM generate_series(1, {persons}) AS n;
INSERT INTO identities (person_id, kind, value, evidence, linked_at)
SELECT n, 'phone', '+4670' || lpad(n::text, 7, '0'), 'call', '2025-01-01' FROM generate_series(1, {persons}) AS n;

-- name: cases
-- Cases of the last two years, one report each; the newest 2,000 are open.
DROP INDEX report_contents_search;
INSERT INTO cases (id, status, line, queue, priority, category, language, charger_id, site_id, sla_level, timezone,
                   opened_at, last_report_at, first_response_at, concluded_at, closed_at, due_solution)
SELECT n, CASE WHEN open THEN 'open' ELSE 'closed' END, 1, 'helpdesk', 'P3', category, 'sv', charger, site, 'basic',
       'Europe/Stockholm', at, at, CASE WHEN NOT open THEN at + interval '1 hour' END,
       CASE WHEN NOT open THEN at + interval '1 day' END, CASE WHEN NOT open THEN at + interval '2 days' END,
       CASE WHEN open THEN at + interval '5 days' END
FROM (SELECT 10000000 + n AS n, n > {cases} - 2000 AS open,
             (ARRAY['no_start', 'interrupted', 'slow', 'payment', 'offline'])[n % 5 + 1] AS category,
             (30000 + n * 7919 % 2000)::text AS charger, 'bs' || (30000 + n * 7919 % 2000) % 100 + 1 AS site,
             now() - interval '730 days' * ({cases} - n) / {cases} - interval '3 hours' AS at
      FROM generate_series(1::bigint, {cases}) AS n) AS made;
INSERT INTO reports (id, digest, case_id, channel, received_at, kept_at, person_id, charger_id, site_id, language,
                     category, priority, queue, outcome, token, code, reasons)
SELECT c.id, sha256(c.id::text::bytea), c.id, 'email', c.opened_at, c.opened_at, (c.id * 104729) % {persons} + 1,
       c.charger_id, c.site_id, 'sv', c.category, c.priority, c.queue, 'opened', md5(c.id::text), '1234',
       '{{"queue": [{{"code": "queue_default", "data": {{}}}}]}}'
FROM cases c;
INSERT INTO report_contents (report_id, sender_email, subject, text, message_id, raw_type)
SELECT r.id, 'person' || r.person_id || '@driver.example', 'Laddare ' || r.charger_id,
       (SELECT string_agg(substr(md5(((r.id * 31 + k * k * 17) % 5000)::text), 1, 3 + k % 7), ' ')
        FROM generate_series(1, 50) AS k),
       '<' || r.id || '@driver.example>', 'message/rfc822'
FROM reports r;
INSERT INTO timeline (case_id, at, kind, actor_kind, report_id) SELECT case_id, received_at, 'opened', 'customer', id
FROM reports;
CREATE INDEX report_contents_search ON report_contents
    USING gin (to_tsvector('simple', left(coalesce(subject, '') || ' ' || text, 20000)));

-- name: histories
-- What became of those cases: who answered when, calls with their waits, where they went, how they ended, how it was.
UPDATE reports SET channel = (ARRAY['phone', 'email', 'phone', 'form', 'sms', 'email', 'phone', 'alarm', 'portal', 'api'])[id % 10 + 1];
UPDATE cases SET priority = (ARRAY['P3', 'P4', 'P3', 'P2', 'P3', 'P4', 'P3', 'P1'])[id % 8 + 1],
                 queue = (ARRAY['helpdesk', 'billing', 'helpdesk', 'operations', 'helpdesk', 'billing', 'helpdesk', 'emergency'])[id % 8 + 1],
                 sla_level = (ARRAY['basic', 'plus', 'premium'])[id % 3 + 1], owner_id = 'bo' || (id % 50 + 1),
                 language = (ARRAY['sv', 'sv', 'sv', 'en', 'no', 'da', 'fi'])[id % 7 + 1];
INSERT INTO timeline (case_id, at, kind, actor_kind, actor_id, data)
SELECT c.id, c.opened_at + e.after, e.kind, e.actor, CASE WHEN e.actor = 'agent' THEN 'a' || c.id % 25 END, e.data
FROM cases c JOIN reports r ON r.case_id = c.id,
     LATERAL (SELECT (c.id * 7919 % 1000) / 1000.0 AS luck, r.channel = 'phone' AS call) AS chance,
     LATERAL (SELECT make_interval(secs => 8 + 150 * luck * luck) AS wait) AS waits,
     LATERAL (VALUES
         (1, interval '20 seconds', 'call_queued', 'customer', jsonb_build_object('call', 'CA' || c.id), call),
         (2, interval '20 seconds' + wait, 'call_left', 'customer', jsonb_build_object('call', 'CA' || c.id, 'why', 'hung_up'),
          call AND c.id % 17 = 0),
         (3, interval '20 seconds' + wait, 'replied', 'agent', jsonb_build_object('call', 'CA' || c.id,
             'waited', extract(epoch FROM wait), 'response', 20 + extract(epoch FROM wait)), call AND c.id % 17 > 0),
         (4, CASE WHEN call THEN interval '20 seconds' + wait ELSE interval '5 hours' * luck END, 'first_response', 'agent',
             jsonb_build_object('in_time', luck < 0.8), NOT call OR c.id % 17 > 0),
         (5, interval '20 seconds' + wait + make_interval(secs => 60 + 400 * luck), 'call_ended', 'agent',
             jsonb_build_object('call', 'CA' || c.id, 'talked', 60 + 400 * luck), call AND c.id % 17 > 0),
         (6, interval '6 hours', 'escalated', 'agent', jsonb_build_object('line', 2, 'queue', 'operations'), c.id % 5 = 0),
         (7, interval '1 day', 'concluded', 'agent', jsonb_build_object('disposition',
             (ARRAY['solved_remotely', 'explained', 'solved_on_site', 'solved_remotely'])[c.id % 4 + 1]), true),
         (8, interval '26 hours', 'survey_asked', 'system', '{{}}'::jsonb, c.id % 2 = 0),
         (9, interval '30 hours', 'rated', 'customer', jsonb_build_object('rating', 5 - c.id % 6 / 5 * 3, 'of', 5), c.id % 6 = 0)
     ) AS e(nth, after, kind, actor, data, happens)
WHERE e.happens AND (c.status = 'closed' OR e.nth < 2)
ORDER BY c.id, e.nth;
UPDATE cases SET first_response_at = NULL;
UPDATE cases c SET first_response_at = t.at FROM timeline t WHERE t.case_id = c.id AND t.kind = 'first_response';

-- name: desk
-- Agents who each hold as many cases as they may; every other case waits. And one who sees emergencies alone.
INSERT INTO agents (id, name, email, role, line, languages, skills, queues, max_cases, activity, activity_at, idle_since)
SELECT 'b' || n, 'Agent ' || n, 'b' || n || '@support.example', 'agent', 1, '{{sv}}'::text[], '{{email}}'::text[], '{{}}'::text[], {each}, 'available',
       now(), now() FROM generate_series(0, {agents} - 1) AS n
UNION ALL SELECT 'guard', 'Guard', 'guard@support.example', 'agent', 1, '{{sv}}', '{{email}}', '{{emergency}}', {each},
                 'available', now(), now();
UPDATE cases SET status = 'open', first_response_at = NULL, concluded_at = NULL, closed_at = NULL, disposition = NULL,
    opened_at = now() - interval '1 day' + (id - 10000000) * interval '1 second',
    last_report_at = now() - interval '1 day' + (id - 10000000) * interval '1 second',
    due_first_response = now() + interval '1 day' + (id - 10000000) * interval '1 second',
    due_solution = now() + interval '5 days', told_solution = now() + interval '5 days';
INSERT INTO work_items (kind, case_id, queue, line, priority, language, due_at, arrived_at, state)
SELECT 'case', id, queue, line, priority, language, due_first_response, opened_at, 'waiting' FROM cases;
UPDATE cases SET status = 'assigned', assignee = 'b' || (id - 10000001) % {agents}, assigned_at = now()
WHERE id <= 10000000 + {agents} * {each};
UPDATE work_items w SET state = 'taken', agent_id = c.assignee FROM cases c WHERE c.id = w.case_id AND c.status = 'assigned';
