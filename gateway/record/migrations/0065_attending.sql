-- Who is in somebody else's talk, or rung into one: a colleague who is asked, a lead who listens.
CREATE INDEX rings_beside ON rings (created_at) WHERE purpose IN ('consult', 'listen', 'coach', 'join');
CREATE VIEW attending AS
SELECT r.agent_id FROM rings r LEFT JOIN calls k ON k.sid = r.sid
WHERE r.purpose IN ('consult', 'listen', 'coach', 'join') AND r.state IN ('due', 'ringing', 'taken')
  AND r.created_at > lease_now() - interval '4 hours' AND k.ended_at IS NULL;
