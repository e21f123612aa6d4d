-- name: defer
-- What the job library does to defer a job, in the same statement as others, because nobody waits for its number.
SELECT procrastinate_defer_jobs_v1(
    ARRAY[ROW('default', %(task)s, 0, NULL, NULL, '{}', NULL)::procrastinate_job_to_defer_v1])
