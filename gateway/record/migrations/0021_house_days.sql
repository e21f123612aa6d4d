-- Days that are over, counted: seconds that agents were busy, and busy or available; ten-second slots with a heartbeat of
-- every role, and slots in which the charging platform was asked and answered.
CREATE TABLE house_days (
    day       date PRIMARY KEY,
    busy      double precision NOT NULL,
    present   double precision NOT NULL,
    up        integer NOT NULL,
    slots     integer NOT NULL,
    answered  integer NOT NULL,
    asked     integer NOT NULL
);
