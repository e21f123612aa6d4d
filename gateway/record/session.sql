-- name: plan_again
DISCARD PLANS
