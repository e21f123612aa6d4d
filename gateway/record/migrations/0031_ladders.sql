-- How often a ladder has gone round, and whether nobody was on it when it was looked at last: alarms for people.
ALTER TABLE climbs ADD COLUMN rounds integer NOT NULL DEFAULT 0, ADD COLUMN nobody boolean NOT NULL DEFAULT false;
