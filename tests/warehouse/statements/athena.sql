CREATE DATABASE IF NOT EXISTS `avesa_acme`;

CREATE EXTERNAL TABLE IF NOT EXISTS `avesa_acme`.`invoices`
LOCATION 's3://lake/msp/acme/canonical/invoices/'
TBLPROPERTIES ('table_type' = 'DELTA');

CREATE OR REPLACE VIEW "avesa_acme"."invoices_current" AS
SELECT "tenant_id", "source_id", "issued_on", "total", CAST("valid_from" AS timestamp) AS "valid_from", CAST("valid_to" AS timestamp) AS "valid_to", "is_current"
FROM "avesa_acme"."invoices"
WHERE "is_current";

-- acme.users was never folded.

CREATE DATABASE IF NOT EXISTS `avesa_north-it`;

CREATE EXTERNAL TABLE IF NOT EXISTS `avesa_north-it`.`invoices`
LOCATION 's3://lake/msp/north-it/canonical/invoices/'
TBLPROPERTIES ('table_type' = 'DELTA');

CREATE OR REPLACE VIEW "avesa_north-it"."invoices_current" AS
SELECT "tenant_id", "source_id", "issued_on", "total", "order", CAST("valid_from" AS timestamp) AS "valid_from", CAST("valid_to" AS timestamp) AS "valid_to", "is_current"
FROM "avesa_north-it"."invoices"
WHERE "is_current";

-- north-it.users was never folded.

CREATE DATABASE IF NOT EXISTS `avesa`;

CREATE OR REPLACE VIEW "avesa"."invoices" AS
SELECT "tenant_id", "source_id", CAST("issued_on" AS varchar) AS "issued_on", "total", CAST("valid_from" AS timestamp) AS "valid_from", CAST("valid_to" AS timestamp) AS "valid_to", "is_current", CAST(NULL AS bigint) AS "order"
FROM "avesa_acme"."invoices"
UNION ALL
SELECT "tenant_id", "source_id", "issued_on", "total", CAST("valid_from" AS timestamp) AS "valid_from", CAST("valid_to" AS timestamp) AS "valid_to", "is_current", "order"
FROM "avesa_north-it"."invoices";

CREATE OR REPLACE VIEW "avesa"."invoices_current" AS
SELECT "tenant_id", "source_id", "issued_on", "total", CAST("valid_from" AS timestamp) AS "valid_from", CAST("valid_to" AS timestamp) AS "valid_to", "is_current", "order"
FROM "avesa"."invoices"
WHERE "is_current";

CREATE OR REPLACE VIEW "avesa"."users" AS
SELECT * FROM (SELECT CAST(NULL AS varchar) AS "tenant_id", CAST(NULL AS varchar) AS "source_id", CAST(NULL AS varchar) AS "name", CAST(NULL AS timestamp) AS "valid_from", CAST(NULL AS timestamp) AS "valid_to", CAST(NULL AS boolean) AS "is_current") AS "never_folded"
WHERE 1 = 0;

CREATE OR REPLACE VIEW "avesa"."users_current" AS
SELECT "tenant_id", "source_id", "name", CAST("valid_from" AS timestamp) AS "valid_from", CAST("valid_to" AS timestamp) AS "valid_to", "is_current"
FROM "avesa"."users"
WHERE "is_current";
