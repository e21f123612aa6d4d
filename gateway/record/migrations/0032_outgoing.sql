-- Calls that agents make from a case: their own telephone is rung, and from there the customer, who is met in a room.
ALTER TABLE work_items DROP CONSTRAINT work_items_kind_check;
ALTER TABLE work_items ADD CONSTRAINT work_items_kind_check CHECK (kind IN ('case', 'call', 'callback', 'outgoing'));
ALTER TABLE rings DROP CONSTRAINT rings_purpose_check;
ALTER TABLE rings ADD CONSTRAINT rings_purpose_check
    CHECK (purpose IN ('oncall', 'agent', 'outgoing', 'customer', 'consult', 'listen', 'coach', 'join'));
ALTER TABLE rings ADD COLUMN leads_to text; -- the customer's number, for as long as the agent's telephone rings
ALTER TABLE rings ADD CHECK (state IN ('due', 'ringing') OR leads_to IS NULL);
-- Whoever has taken the case of a caller who waits is rung once at a time.
CREATE UNIQUE INDEX rings_put_through ON rings (item_id)
    WHERE purpose = 'agent' AND offer_id IS NULL AND state IN ('due', 'ringing');
