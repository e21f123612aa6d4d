-- name: one_moment
-- As the first statement of a transaction: all that it reads is as it was then.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY

-- name: begin
BEGIN

-- name: commit
COMMIT

-- name: together
WITH {blocks} {last}

-- name: settle
ALTER ROLE CURRENT_USER IN DATABASE {database} SET {name} = {value}

-- name: plan_again
DISCARD PLANS
