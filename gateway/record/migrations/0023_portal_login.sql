-- A password and a second factor for those of an owner's people who want them beside the mailed link. Sessions that
-- began before `sessions_after` are over.
ALTER TABLE owner_users ADD COLUMN password_hash text, ADD COLUMN totp_secret text, ADD COLUMN totp_pending text,
    ADD COLUMN totp_step bigint, ADD COLUMN sessions_after timestamptz;
CREATE OR REPLACE VIEW current_owner_users AS
    SELECT u.id, u.owner_id, u.email, u.name, u.role, u.language, u.invited_by, u.created_at, o.organisation,
           u.password_hash, u.totp_secret, u.totp_pending, u.sessions_after
    FROM owner_users u JOIN owners o ON o.id = u.owner_id
    WHERE u.removed_at IS NULL AND (u.invited_by IS NOT NULL OR lower(o.email) = u.email);
