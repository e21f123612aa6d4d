-- Who may look at an organisation's sites in the portal. The registered contact is one without an invitation, for as
-- long as the master data names the address.
CREATE TABLE owner_users (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner_id    text NOT NULL REFERENCES owners,
    email       text NOT NULL CHECK (email = lower(email)),
    name        text,
    role        text NOT NULL CHECK (role IN ('reader', 'writer', 'manager')),
    language    text NOT NULL DEFAULT 'sv',
    invited_by  bigint REFERENCES owner_users,
    created_at  timestamptz NOT NULL,
    removed_at  timestamptz
);
CREATE UNIQUE INDEX owner_users_current ON owner_users (owner_id, email) WHERE removed_at IS NULL;
CREATE INDEX owner_users_email ON owner_users (email);
CREATE VIEW current_owner_users AS
    SELECT u.id, u.owner_id, u.email, u.name, u.role, u.language, u.invited_by, u.created_at, o.organisation
    FROM owner_users u JOIN owners o ON o.id = u.owner_id
    WHERE u.removed_at IS NULL AND (u.invited_by IS NOT NULL OR lower(o.email) = u.email);
-- Log-in links, each good once.
CREATE TABLE portal_links (
    hash        bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
    user_id     bigint NOT NULL REFERENCES owner_users,
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    used_at     timestamptz
);
CREATE INDEX portal_links_user ON portal_links (user_id, created_at);
-- What a key is called and may do; no scopes means all that its role may.
ALTER TABLE tokens ADD COLUMN name text, ADD COLUMN scopes text[];
CREATE INDEX tokens_holder ON tokens (for_id) WHERE for_id IS NOT NULL;
-- Planned work at a site: its alarms are kept under one case that waits until the work is over.
CREATE TABLE maintenance (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site_id     text NOT NULL REFERENCES sites,
    starts_at   timestamptz NOT NULL,
    ends_at     timestamptz NOT NULL,
    user_id     bigint REFERENCES owner_users,
    created_at  timestamptz NOT NULL,
    ended_at    timestamptz,
    case_id     bigint REFERENCES cases,
    CHECK (ends_at > starts_at)
);
CREATE INDEX maintenance_site ON maintenance (site_id, ends_at);
CREATE INDEX cases_owner ON cases (owner_id, last_report_at DESC) WHERE owner_id IS NOT NULL;
