-- How the forecast of each week came out, reckoned once the week was over, from what had been known before it.
CREATE TABLE forecast_tests (
    week       date PRIMARY KEY,
    arrived    integer NOT NULL,
    expected   double precision NOT NULL,
    error      double precision,
    covered    double precision NOT NULL,
    tested_at  timestamptz NOT NULL
);
