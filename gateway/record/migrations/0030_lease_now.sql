-- What is reserved for a limited time goes by this clock alone, whatever the machines that ask believe.
CREATE FUNCTION lease_now() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT statement_timestamp()';
