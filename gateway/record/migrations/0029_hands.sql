-- An agent who talks may raise a hand: a lead is asked to come and listen.
ALTER TABLE rings ADD COLUMN hand_at timestamptz;
