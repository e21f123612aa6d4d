-- Agents who answer in the browser (for as long as it says that it is there), and who write up a call that has ended.
ALTER TABLE agents ADD COLUMN browser_until timestamptz, ADD COLUMN wrap_until timestamptz;

-- A talk: whether the caller is on hold, and whether its recording is silenced. Colleagues and leads may be rung into it.
ALTER TABLE calls ADD COLUMN held_at timestamptz, ADD COLUMN silenced_at timestamptz;
ALTER TABLE rings DROP CONSTRAINT rings_purpose_check;
ALTER TABLE rings ADD CONSTRAINT rings_purpose_check
    CHECK (purpose IN ('oncall', 'agent', 'customer', 'consult', 'listen', 'coach', 'join'));
CREATE INDEX rings_room ON rings (room) WHERE room IS NOT NULL;
CREATE INDEX rings_talks ON rings (agent_id, id) WHERE room IS NOT NULL;
