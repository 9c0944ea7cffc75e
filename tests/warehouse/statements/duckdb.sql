INSTALL delta;

LOAD delta;

CREATE SECRET IF NOT EXISTS "avesa" (TYPE s3, PROVIDER credential_chain, SCOPE 's3://lake');

CREATE SCHEMA IF NOT EXISTS "avesa_acme";

CREATE OR REPLACE VIEW "avesa_acme"."invoices" AS
SELECT * FROM delta_scan('s3://lake/msp/acme/canonical/invoices');

CREATE OR REPLACE VIEW "avesa_acme"."invoices_current" AS
SELECT "tenant_id", "source_id", "issued_on", "total", "valid_from", "valid_to", "is_current"
FROM "avesa_acme"."invoices"
WHERE "is_current";

CREATE OR REPLACE MACRO "avesa_acme"."invoices_as_of"(moment) AS TABLE
SELECT * FROM "avesa_acme"."invoices" WHERE "valid_from" <= moment::TIMESTAMPTZ AND ("valid_to" > moment::TIMESTAMPTZ OR "valid_to" IS NULL);

-- acme.users was never folded.

CREATE SCHEMA IF NOT EXISTS "avesa_north-it";

CREATE OR REPLACE VIEW "avesa_north-it"."invoices" AS
SELECT * FROM delta_scan('s3://lake/msp/north-it/canonical/invoices');

CREATE OR REPLACE VIEW "avesa_north-it"."invoices_current" AS
SELECT "tenant_id", "source_id", "issued_on", "total", "order", "valid_from", "valid_to", "is_current"
FROM "avesa_north-it"."invoices"
WHERE "is_current";

CREATE OR REPLACE MACRO "avesa_north-it"."invoices_as_of"(moment) AS TABLE
SELECT * FROM "avesa_north-it"."invoices" WHERE "valid_from" <= moment::TIMESTAMPTZ AND ("valid_to" > moment::TIMESTAMPTZ OR "valid_to" IS NULL);

-- north-it.users was never folded.

CREATE SCHEMA IF NOT EXISTS "avesa";

CREATE OR REPLACE VIEW "avesa"."invoices" AS
SELECT "tenant_id", "source_id", CAST("issued_on" AS VARCHAR) AS "issued_on", "total", "valid_from", "valid_to", "is_current", CAST(NULL AS BIGINT) AS "order"
FROM "avesa_acme"."invoices"
UNION ALL
SELECT "tenant_id", "source_id", "issued_on", "total", "valid_from", "valid_to", "is_current", "order"
FROM "avesa_north-it"."invoices";

CREATE OR REPLACE VIEW "avesa"."invoices_current" AS
SELECT "tenant_id", "source_id", "issued_on", "total", "valid_from", "valid_to", "is_current", "order"
FROM "avesa"."invoices"
WHERE "is_current";

CREATE OR REPLACE MACRO "avesa"."invoices_as_of"(moment) AS TABLE
SELECT * FROM "avesa"."invoices" WHERE "valid_from" <= moment::TIMESTAMPTZ AND ("valid_to" > moment::TIMESTAMPTZ OR "valid_to" IS NULL);

CREATE OR REPLACE VIEW "avesa"."users" AS
SELECT * FROM (SELECT CAST(NULL AS VARCHAR) AS "tenant_id", CAST(NULL AS VARCHAR) AS "source_id", CAST(NULL AS VARCHAR) AS "name", CAST(NULL AS TIMESTAMPTZ) AS "valid_from", CAST(NULL AS TIMESTAMPTZ) AS "valid_to", CAST(NULL AS BOOLEAN) AS "is_current") AS "never_folded"
WHERE 1 = 0;

CREATE OR REPLACE VIEW "avesa"."users_current" AS
SELECT "tenant_id", "source_id", "name", "valid_from", "valid_to", "is_current"
FROM "avesa"."users"
WHERE "is_current";

CREATE OR REPLACE MACRO "avesa"."users_as_of"(moment) AS TABLE
SELECT * FROM "avesa"."users" WHERE "valid_from" <= moment::TIMESTAMPTZ AND ("valid_to" > moment::TIMESTAMPTZ OR "valid_to" IS NULL);
