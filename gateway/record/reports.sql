-- name: arrived
-- For each digest, in order, the report that is already known by it, and free numbers for a report, a case and a person.
-- The keys are locked in their order and held until commit: two first reports of one person make one person.
WITH held AS MATERIALIZED (SELECT pg_advisory_xact_lock(k) FROM unnest(%(keys)s::bigint[]) AS k)
SELECT (SELECT count(*) FROM held) AS held,
       nextval('report_counter') AS report, nextval('case_counter') AS "case",
       nextval('people_id_seq') AS person,
       r.id, r.case_id, r.token, r.code, r.priority, r.category, r.queue, r.fingerprint,
       r.flags
FROM unnest(%(digests)b::bytea[]) WITH ORDINALITY AS d(digest, nth) LEFT JOIN reports r ON r.digest = d.digest
ORDER BY d.nth

-- name: number
SELECT nextval('case_counter') AS "case"

-- name: lock
-- Held until commit: whoever looks for duplicates under the same keys waits for us.
SELECT pg_advisory_xact_lock(k) FROM unnest(%(keys)s::bigint[]) AS k

-- name: add
INSERT INTO reports (id, digest, fingerprint, case_id, channel, received_at, kept_at, person_id, charger_id, site_id,
                     connector, language, category, priority, fault_code, queue, outcome, suggested, verified, token,
                     code, reasons, flags, quarantined, call_sid)
SELECT r.id, r.digest, r.fingerprint, r.case_id, r.channel, r.received_at, %(now)s, r.person_id, r.charger_id,
       r.site_id, r.connector, r.language, r.category, r.priority, r.fault_code, r.queue, r.outcome, r.suggested,
       r.verified, r.token, r.code, r.reasons, r.flags, r.quarantined, r.call_sid
FROM jsonb_to_recordset(%(rows)s) AS r(
    id bigint, digest bytea, fingerprint bytea, case_id bigint, channel text, received_at timestamptz,
    person_id bigint, charger_id text, site_id text, connector integer, language text, category text, priority text,
    fault_code text, queue text, outcome text, suggested bigint, verified boolean, token text, code text,
    reasons jsonb, flags text[], quarantined text, call_sid text)

-- name: add_contents
-- What was said and by whom, and the raw bytes.
INSERT INTO report_contents (report_id, sender_name, sender_phone, sender_email, reply_to, copies, subject, text, full_text,
                             own_words, html, message_id, mails_before, recipients, raw, raw_blob, raw_type, alarm)
SELECT r.report_id, r.sender_name, r.sender_phone, r.sender_email, r.reply_to, r.copies, r.subject, r.text, r.full_text,
       r.own_words, r.html, r.message_id, r.mails_before, r.recipients, (%(raws)b::bytea[])[r.nth], r.raw_blob, r.raw_type, r.alarm
FROM jsonb_to_recordset(%(rows)s) AS r(
    report_id bigint, sender_name text, sender_phone text, sender_email text, reply_to text, copies text[], subject text,
    text text, full_text text, own_words text, html text, message_id text, mails_before text[],
    recipients text[], raw_blob text, raw_type text, alarm jsonb, nth integer)

-- name: add_attachments
INSERT INTO report_attachments (report_id, name, media_type, size, sha256, inline, quarantined)
SELECT r.report_id, r.name, r.media_type, r.size, decode(r.sha256, 'hex'), r.inline, r.quarantined
FROM jsonb_to_recordset(%(rows)s) AS r(
    report_id bigint, name text, media_type text, size bigint, sha256 text, inline boolean, quarantined text)

-- name: candidates
-- Cases that these reports might belong to, a few for each report and each way of looking, by index only. Of a report
-- that is about one charger alone, the site's cases about its other chargers are none of them. With each case of a kin
-- category, and for a report that goes on with whatever its sender told of, with each of theirs, come its newest reports,
-- for the duplicate score, and the words of the very newest.
WITH wanted AS (
    SELECT * FROM jsonb_to_recordset(%(rows)s)
        AS w(nth integer, site text, chargers text[], alone boolean, persons bigint[], placeless boolean, category text,
             goes_on boolean, kin text[])
), found AS (
    SELECT w.nth, c.id, false AS theirs FROM wanted w CROSS JOIN LATERAL (
        SELECT id FROM cases WHERE site_id = w.site AND last_report_at > %(since)s AND NOT w.alone
        ORDER BY last_report_at DESC LIMIT 20) AS c
    UNION ALL
    SELECT w.nth, c.id, false FROM wanted w CROSS JOIN LATERAL (
        SELECT id FROM cases WHERE site_id = w.site AND last_report_at > %(since)s AND w.alone
            AND (charger_id IS NULL OR whole_site)
        ORDER BY last_report_at DESC LIMIT 20) AS c
    UNION ALL
    SELECT w.nth, c.id, false FROM wanted w CROSS JOIN LATERAL unnest(w.chargers) AS charger(id) CROSS JOIN LATERAL (
        SELECT id FROM cases WHERE charger_id = charger.id AND last_report_at > %(since)s
        ORDER BY last_report_at DESC LIMIT 8) AS c
    UNION ALL
    SELECT w.nth, r.case_id, false FROM wanted w CROSS JOIN LATERAL unnest(w.chargers) AS charger(id) CROSS JOIN LATERAL (
        SELECT case_id FROM reports WHERE charger_id = charger.id AND received_at > %(since)s
        ORDER BY received_at DESC LIMIT 8) AS r
    UNION ALL
    SELECT w.nth, r.case_id, w.goes_on FROM wanted w CROSS JOIN LATERAL unnest(w.persons) AS person(id) CROSS JOIN LATERAL (
        SELECT case_id FROM reports WHERE person_id = person.id AND received_at > %(since)s
        ORDER BY received_at DESC LIMIT 12) AS r
    UNION ALL
    SELECT w.nth, c.id, false FROM wanted w CROSS JOIN LATERAL (
        SELECT id FROM cases WHERE category = w.category AND (mass OR site_id IS NULL) AND w.placeless
            AND last_report_at > %(recent)s
        ORDER BY last_report_at DESC LIMIT 20) AS c
    UNION ALL
    SELECT w.nth, s.id, false FROM wanted w CROSS JOIN LATERAL unnest(%(referred)s::bigint[]) AS s(id)
)
SELECT f.nths, c.id, c.status, c.line, c.queue, c.category, c.priority, c.language, c.charger_id, c.site_id, c.owner_id,
       c.sla_level, c.timezone, c.fault_code, c.whole_site, c.mass, c.incident, c.opened_at, c.last_report_at,
       c.concluded_at, c.muted, c.first_response_at, c.due_first_response, c.due_line, c.due_next_update, c.due_solution,
       may.kin, told.persons, told.people, told.reports
FROM (SELECT id, array_agg(nth) AS nths, bool_or(theirs) AS theirs FROM found GROUP BY id) AS f
CROSS JOIN LATERAL (SELECT * FROM cases WHERE id = f.id LIMIT 1) AS c -- else a scan of all cases is planned
CROSS JOIN LATERAL (
    SELECT f.theirs OR c.id = ANY(%(referred)s::bigint[]) OR EXISTS (
        SELECT FROM wanted w WHERE w.nth = ANY(f.nths) AND (w.kin IS NULL OR c.category = ANY(w.kin))) AS kin
) AS may
CROSS JOIN LATERAL (
    SELECT array_agg(r.person_id) FILTER (WHERE NOT 'bounce' = ANY(r.flags)) AS persons,
           array_agg(r.person_id) FILTER (WHERE NOT r.flags && '{bounce,auto_reply}') AS people,
           json_agg(json_build_array(
               r.id, r.received_at, r.person_id, r.channel, r.charger_id, r.site_id, r.category, r.language,
               left(concat_ws(E'\n', t.subject, coalesce(t.own_words, t.text)), 2000), r.flags && '{added,bounce,auto_reply}'
           ) ORDER BY r.id DESC) FILTER (WHERE r.back <= 8) AS reports
    FROM (SELECT *, row_number() OVER (ORDER BY id DESC) AS back FROM reports WHERE case_id = c.id AND may.kin) AS r
    LEFT JOIN report_contents t ON t.report_id = CASE WHEN r.back <= %(compared)s THEN r.id END
) AS told
WHERE c.merged_into IS NULL AND (c.concluded_at IS NULL OR c.concluded_at > %(concluded)s OR c.id = ANY(%(referred)s::bigint[]))

-- name: participant
-- The case that a sender who names this one takes part in: this, or where a report of theirs was taken from it.
SELECT r.case_id FROM reports r JOIN identities i ON i.person_id = r.person_id AND i.unlinked_at IS NULL
WHERE i.value = ANY(%(addresses)s::text[])
  AND (r.case_id = %(case)s
       OR EXISTS (SELECT FROM timeline t WHERE t.case_id = %(case)s AND t.kind = 'detached' AND t.report_id = r.id))
ORDER BY r.case_id = %(case)s DESC, r.id DESC LIMIT 1

-- name: in_copy
-- Whether somebody had a copy of a mail in this case, theirs or ours.
SELECT EXISTS (SELECT FROM reports r JOIN report_contents t ON t.report_id = r.id
               WHERE r.case_id = %(case)s AND t.copies && %(addresses)s::text[])
    OR EXISTS (SELECT FROM messages m JOIN message_contents t ON t.message_id = m.id
               WHERE m.case_id = %(case)s AND t.data -> 'copies' ?| %(addresses)s::text[]) AS known

-- name: referred
-- Which of these cases exist, and the cases that this report is in, that these messages of ours were about and that these
-- mails came in; each as the case that it was brought into, and whether its person was erased.
WITH RECURSIVE meant AS (
    (SELECT c.id AS named, NULL::bigint AS report, NULL::bigint AS message, NULL::text AS mail_id, NULL::text AS mail,
            false AS erased, c.id, c.merged_into
     FROM cases c WHERE c.id = ANY(%(cases)s::bigint[])
     UNION ALL
     SELECT NULL, r.id, NULL, NULL, NULL, r.erased_at IS NOT NULL, c.id, c.merged_into
     FROM reports r JOIN cases c ON c.id = r.case_id
     WHERE r.id = %(report)s
     UNION ALL
     SELECT NULL, NULL, m.id, m.mail_id, NULL, p.erased_at IS NOT NULL OR r.erased_at IS NOT NULL, c.id, c.merged_into
     FROM messages m LEFT JOIN people p ON p.id = m.person_id LEFT JOIN reports r ON r.id = m.report_id
     JOIN cases c ON c.id = coalesce(r.case_id, m.case_id)
     WHERE m.id = ANY(%(messages)s::bigint[])
     UNION ALL
     SELECT NULL, NULL, NULL, NULL, t.message_id, false, c.id, c.merged_into
     FROM report_contents t JOIN reports r ON r.id = t.report_id JOIN cases c ON c.id = r.case_id
     WHERE t.message_id = ANY(%(mails)s::text[]))
    UNION
    SELECT w.named, w.report, w.message, w.mail_id, w.mail, w.erased, c.id, c.merged_into
    FROM meant w JOIN cases c ON c.id = w.merged_into
)
SELECT id, named, report, message, mail_id, mail, erased FROM meant WHERE merged_into IS NULL

-- name: judged
-- Reports as they were judged at their arrival, and the case each belongs to now.
SELECT r.id, r.category, r.priority, r.charger_id, r.site_id, r.language, r.queue, r.reasons,
       coalesce(c.merged_into, c.id) AS case_id
FROM reports r JOIN cases c ON c.id = r.case_id WHERE r.id = ANY(%(reports)s::bigint[])

-- name: by_token
-- What a status page may tell: state and times of the case, and nothing about anybody. What was concluded as a duplicate
-- or as spam is closed to its reporters, and nobody asks them whether it is solved.
SELECT r.id AS report_id, r.received_at, r.language, r.channel, r.outcome, c.id AS case_id,
       CASE WHEN c.disposition IN ('duplicate', 'spam') THEN 'closed' ELSE c.status END AS status, c.line, c.priority,
       c.category, c.charger_id, c.site_id, c.timezone, c.incident, c.opened_at, c.first_response_at, c.concluded_at,
       c.confirmed_at, c.closed_at, c.due_first_response, c.due_next_update, c.due_solution, r.code,
       EXISTS (SELECT FROM confirmations f WHERE f.report_id = r.id AND f.concluded_at = c.concluded_at) AS confirmed,
       EXISTS (SELECT FROM ratings g WHERE g.report_id = r.id) AS rated,
       v.starts_at AS visit_at, CASE WHEN v.report_id = r.id THEN v.token END AS visit_token,
       r.charger_id AS own_charger, r.connector, t.text_to IS NOT NULL AS texted,
       t.report_id IS NOT NULL AND r.channel <> 'alarm'
           AND (t.sender_email IS NOT NULL AND r.channel NOT IN ('phone', 'sms', 'whatsapp') OR t.sender_phone IS NULL)
           AS may_be_texted,
       (SELECT data->>'answer' FROM timeline WHERE report_id = r.id AND kind = 'remote_action'
        ORDER BY id DESC LIMIT 1) AS tried
FROM reports r JOIN cases c ON c.id = r.case_id LEFT JOIN visits v ON v.case_id = c.id AND v.ended_at IS NULL
LEFT JOIN report_contents t ON t.report_id = r.id
WHERE r.token = %(token)s

-- name: sender
-- Who said it, so that what they add is theirs.
SELECT sender_name, sender_phone, sender_email FROM report_contents WHERE report_id = %(report)s

-- name: text_to
UPDATE report_contents SET text_to = %(phone)s WHERE report_id = %(report)s

-- name: attachment
SELECT a.id, a.report_id, a.name, a.media_type, a.size, encode(a.sha256, 'hex') AS sha256, a.inline, a.quarantined,
       r.case_id
FROM report_attachments a JOIN reports r ON r.id = a.report_id WHERE a.id = %(attachment)s

-- name: case_of
SELECT case_id, suggested FROM reports WHERE id = %(report)s
