CREATE EXTERNAL SCHEMA IF NOT EXISTS "spectrum_avesa_acme"
FROM DATA CATALOG DATABASE 'spectrum_avesa_acme' IAM_ROLE 'arn:aws:iam::123456789012:role/spectrum' CREATE EXTERNAL DATABASE IF NOT EXISTS;

CREATE SCHEMA IF NOT EXISTS "avesa_acme";

DROP TABLE IF EXISTS "spectrum_avesa_acme"."invoices";

CREATE EXTERNAL TABLE "spectrum_avesa_acme"."invoices" (
    "tenant_id" varchar(65535),
    "source_id" varchar(65535),
    "issued_on" date,
    "total" decimal(18,4),
    "valid_from" timestamp,
    "valid_to" timestamp,
    "is_current" boolean
)
ROW FORMAT SERDE 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe'
STORED AS
INPUTFORMAT 'org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
LOCATION 's3://lake/msp/acme/canonical/invoices/_symlink_format_manifest/';

CREATE OR REPLACE VIEW "avesa_acme"."invoices" AS
SELECT "tenant_id", "source_id", "issued_on", "total", "valid_from", "valid_to", "is_current"
FROM "spectrum_avesa_acme"."invoices"
WITH NO SCHEMA BINDING;

CREATE OR REPLACE VIEW "avesa_acme"."invoices_current" AS
SELECT "tenant_id", "source_id", "issued_on", "total", "valid_from", "valid_to", "is_current"
FROM "avesa_acme"."invoices"
WHERE "is_current"
WITH NO SCHEMA BINDING;

-- acme.users was never folded.

CREATE EXTERNAL SCHEMA IF NOT EXISTS "spectrum_avesa_north-it"
FROM DATA CATALOG DATABASE 'spectrum_avesa_north-it' IAM_ROLE 'arn:aws:iam::123456789012:role/spectrum' CREATE EXTERNAL DATABASE IF NOT EXISTS;

CREATE SCHEMA IF NOT EXISTS "avesa_north-it";

DROP TABLE IF EXISTS "spectrum_avesa_north-it"."invoices";

CREATE EXTERNAL TABLE "spectrum_avesa_north-it"."invoices" (
    "tenant_id" varchar(65535),
    "source_id" varchar(65535),
    "issued_on" varchar(65535),
    "total" decimal(18,4),
    "order" bigint,
    "valid_from" timestamp,
    "valid_to" timestamp,
    "is_current" boolean
)
ROW FORMAT SERDE 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe'
STORED AS
INPUTFORMAT 'org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
LOCATION 's3://lake/msp/north-it/canonical/invoices/_symlink_format_manifest/';

CREATE OR REPLACE VIEW "avesa_north-it"."invoices" AS
SELECT "tenant_id", "source_id", "issued_on", "total", "order", "valid_from", "valid_to", "is_current"
FROM "spectrum_avesa_north-it"."invoices"
WITH NO SCHEMA BINDING;

CREATE OR REPLACE VIEW "avesa_north-it"."invoices_current" AS
SELECT "tenant_id", "source_id", "issued_on", "total", "order", "valid_from", "valid_to", "is_current"
FROM "avesa_north-it"."invoices"
WHERE "is_current"
WITH NO SCHEMA BINDING;

-- north-it.users was never folded.

CREATE SCHEMA IF NOT EXISTS "avesa";

CREATE OR REPLACE VIEW "avesa"."invoices" AS
SELECT "tenant_id", "source_id", CAST("issued_on" AS varchar(65535)) AS "issued_on", "total", "valid_from", "valid_to", "is_current", CAST(NULL AS bigint) AS "order"
FROM "spectrum_avesa_acme"."invoices"
UNION ALL
SELECT "tenant_id", "source_id", "issued_on", "total", "valid_from", "valid_to", "is_current", "order"
FROM "spectrum_avesa_north-it"."invoices"
WITH NO SCHEMA BINDING;

CREATE OR REPLACE VIEW "avesa"."invoices_current" AS
SELECT "tenant_id", "source_id", "issued_on", "total", "valid_from", "valid_to", "is_current", "order"
FROM "avesa"."invoices"
WHERE "is_current"
WITH NO SCHEMA BINDING;

CREATE OR REPLACE VIEW "avesa"."users" AS
SELECT * FROM (SELECT CAST(NULL AS varchar(65535)) AS "tenant_id", CAST(NULL AS varchar(65535)) AS "source_id", CAST(NULL AS varchar(65535)) AS "name", CAST(NULL AS timestamp) AS "valid_from", CAST(NULL AS timestamp) AS "valid_to", CAST(NULL AS boolean) AS "is_current") AS "never_folded"
WHERE 1 = 0
WITH NO SCHEMA BINDING;

CREATE OR REPLACE VIEW "avesa"."users_current" AS
SELECT "tenant_id", "source_id", "name", "valid_from", "valid_to", "is_current"
FROM "avesa"."users"
WHERE "is_current"
WITH NO SCHEMA BINDING;
