CREATE SCHEMA IF NOT EXISTS `avesa` OPTIONS (location = 'aws-us-east-1');

CREATE OR REPLACE EXTERNAL TABLE `avesa`.`invoices__acme`
WITH CONNECTION `aws-us-east-1.avesa`
OPTIONS (format = 'DELTA_LAKE', uris = ['s3://lake/msp/acme/canonical/invoices']);

CREATE OR REPLACE VIEW `avesa`.`invoices_current__acme` AS
SELECT `tenant_id`, `source_id`, `issued_on`, `total`, `valid_from`, `valid_to`, `is_current`
FROM `avesa`.`invoices__acme`
WHERE `is_current`;

-- acme.users was never folded.

CREATE OR REPLACE EXTERNAL TABLE `avesa`.`invoices__north-it`
WITH CONNECTION `aws-us-east-1.avesa`
OPTIONS (format = 'DELTA_LAKE', uris = ['s3://lake/msp/north-it/canonical/invoices']);

CREATE OR REPLACE VIEW `avesa`.`invoices_current__north-it` AS
SELECT `tenant_id`, `source_id`, `issued_on`, `total`, `order`, `valid_from`, `valid_to`, `is_current`
FROM `avesa`.`invoices__north-it`
WHERE `is_current`;

-- north-it.users was never folded.

CREATE OR REPLACE VIEW `avesa`.`invoices` AS
SELECT `tenant_id`, `source_id`, CAST(`issued_on` AS STRING) AS `issued_on`, `total`, `valid_from`, `valid_to`, `is_current`, CAST(NULL AS INT64) AS `order`
FROM `avesa`.`invoices__acme`
UNION ALL
SELECT `tenant_id`, `source_id`, `issued_on`, `total`, `valid_from`, `valid_to`, `is_current`, `order`
FROM `avesa`.`invoices__north-it`;

CREATE OR REPLACE VIEW `avesa`.`invoices_current` AS
SELECT `tenant_id`, `source_id`, `issued_on`, `total`, `valid_from`, `valid_to`, `is_current`, `order`
FROM `avesa`.`invoices`
WHERE `is_current`;

CREATE OR REPLACE TABLE FUNCTION `avesa`.`invoices_as_of`(moment TIMESTAMP) AS
SELECT * FROM `avesa`.`invoices` WHERE `valid_from` <= moment AND (`valid_to` > moment OR `valid_to` IS NULL);

CREATE OR REPLACE VIEW `avesa`.`users` AS
SELECT * FROM (SELECT CAST(NULL AS STRING) AS `tenant_id`, CAST(NULL AS STRING) AS `source_id`, CAST(NULL AS STRING) AS `name`, CAST(NULL AS TIMESTAMP) AS `valid_from`, CAST(NULL AS TIMESTAMP) AS `valid_to`, CAST(NULL AS BOOL) AS `is_current`) AS `never_folded`
WHERE 1 = 0;

CREATE OR REPLACE VIEW `avesa`.`users_current` AS
SELECT `tenant_id`, `source_id`, `name`, `valid_from`, `valid_to`, `is_current`
FROM `avesa`.`users`
WHERE `is_current`;

CREATE OR REPLACE TABLE FUNCTION `avesa`.`users_as_of`(moment TIMESTAMP) AS
SELECT * FROM `avesa`.`users` WHERE `valid_from` <= moment AND (`valid_to` > moment OR `valid_to` IS NULL);
