-- name: words
-- What the people of an owner's organisation themselves wrote in the portal about a case, and our answers to it.
SELECT r.id, 'report' AS kind, r.received_at AS at, t.sender_name AS who, t.text, r.token
FROM reports r JOIN report_contents t ON t.report_id = r.id
WHERE r.case_id = %(case)s AND r.channel = 'portal'
  AND t.sender_email IN (SELECT email FROM owner_users WHERE owner_id = %(owner)s)
UNION ALL
SELECT m.id, 'reply', coalesce(m.sent_at, m.created_at), NULL, c.text, NULL
FROM messages m JOIN message_contents c ON c.message_id = m.id
JOIN reports r ON r.id = m.report_id JOIN report_contents t ON t.report_id = r.id
WHERE m.case_id = %(case)s AND m.kind = 'reply' AND r.channel = 'portal'
  AND t.sender_email IN (SELECT email FROM owner_users WHERE owner_id = %(owner)s)
ORDER BY at, kind

-- name: sites
-- How each site of an owner stands.
SELECT s.id, count(c.id) FILTER (WHERE c.status NOT IN ('concluded', 'closed')) AS open,
       count(c.id) FILTER (WHERE c.status NOT IN ('concluded', 'closed')
                           AND least(c.due_first_response, c.due_next_update, c.due_solution) < %(now)s) AS late,
       max(c.concluded_at) AS last_solved
FROM sites s LEFT JOIN cases c ON c.site_id = s.id AND c.merged_into IS NULL
WHERE s.owner_id = %(owner)s GROUP BY s.id ORDER BY s.id

-- name: card
-- The service card of an area: what was done there, newest first, with the documents of the work.
SELECT s.id, s.case_id, s.charger_id, s.category, s.disposition, s.verified, s.at, t.work, t.parts, k.confirmed_at,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('id', d.id, 'name', d.name) ORDER BY d.id), '[]') FROM documents d
        WHERE d.visit_id = s.visit_id OR (s.visit_id IS NULL AND d.case_id = s.case_id)) AS documents
FROM service_cards s JOIN sites o ON o.id = s.site_id JOIN cases k ON k.id = s.case_id
LEFT JOIN service_card_contents t ON t.card_id = s.id
WHERE s.site_id = %(site)s AND o.owner_id = %(owner)s ORDER BY s.at DESC, s.id DESC LIMIT 200

-- name: document
-- A document of a case of this owner's.
SELECT d.case_id FROM documents d JOIN cases c ON c.id = d.case_id
WHERE d.id = %(document)s AND c.owner_id = %(owner)s

-- name: visits
-- When somebody came or comes for a case, and its documents.
SELECT v.id, v.state, v.starts_at, v.ends_at, v.verified FROM visits v WHERE v.case_id = %(case)s ORDER BY v.id

-- name: sla
-- Every case that was opened in a period at an owner's sites, with the targets it was given then and when they were met:
-- a function of the timeline alone.
SELECT c.id, c.site_id, c.charger_id, began.channel, o.data->>'priority' AS priority, o.data->>'category' AS category,
       c.sla_level, c.status, began.at AS opened_at,
       (o.data->'due'->>'first_response')::timestamptz AS due_first_response,
       (o.data->'due'->>'solution')::timestamptz AS due_solution, answered.at AS answered_at,
       CASE WHEN solved.kind = 'concluded' THEN solved.at END AS solved_at, confirmed.at AS confirmed_at
FROM cases c JOIN timeline o ON o.case_id = c.id AND o.kind = 'opened'
CROSS JOIN LATERAL (SELECT coalesce((o.data->>'received_at')::timestamptz, o.at) AS at, o.data->>'channel' AS channel) AS began
LEFT JOIN LATERAL (SELECT at FROM timeline WHERE case_id = c.id AND kind = 'first_response' ORDER BY id LIMIT 1) AS answered ON true
LEFT JOIN LATERAL (SELECT kind, at FROM timeline WHERE case_id = c.id AND kind IN ('concluded', 'reopened')
                   ORDER BY id DESC LIMIT 1) AS solved ON true
LEFT JOIN LATERAL (SELECT at FROM timeline WHERE case_id = c.id AND kind = 'confirmed' ORDER BY id DESC LIMIT 1) AS confirmed ON true
WHERE c.owner_id = %(owner)s AND c.opened_at >= %(from)s AND c.opened_at < %(to)s AND c.merged_into IS NULL
  AND coalesce(c.disposition, '') NOT IN ('duplicate', 'spam', 'recovered', 'wish')
ORDER BY began.at, c.id

-- name: maintenance
SELECT m.id, m.site_id, m.starts_at, m.ends_at, m.case_id FROM maintenance m JOIN sites s ON s.id = m.site_id
WHERE s.owner_id = %(owner)s AND m.ended_at IS NULL AND m.ends_at > %(now)s ORDER BY m.starts_at, m.id

-- name: plan
INSERT INTO maintenance (site_id, starts_at, ends_at, user_id, created_at)
SELECT s.id, %(from)s, %(until)s, %(user)s, %(now)s FROM sites s WHERE s.id = %(site)s AND s.owner_id = %(owner)s
RETURNING id

-- name: end_maintenance
UPDATE maintenance m SET ended_at = %(now)s FROM sites s
WHERE m.id = %(window)s AND s.id = m.site_id AND s.owner_id = %(owner)s AND m.site_id = %(site)s
  AND m.ended_at IS NULL AND m.ends_at > %(now)s
RETURNING m.case_id
