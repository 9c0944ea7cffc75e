CREATE SCHEMA IF NOT EXISTS `avesa_acme`;

CREATE TABLE IF NOT EXISTS `avesa_acme`.`invoices`
USING DELTA LOCATION 's3://lake/msp/acme/canonical/invoices';

CREATE OR REPLACE VIEW `avesa_acme`.`invoices_current` AS
SELECT `tenant_id`, `source_id`, `issued_on`, `total`, `valid_from`, `valid_to`, `is_current`
FROM `avesa_acme`.`invoices`
WHERE `is_current`;

CREATE OR REPLACE FUNCTION `avesa_acme`.`invoices_as_of`(`moment` TIMESTAMP)
RETURNS TABLE (`tenant_id` STRING, `source_id` STRING, `issued_on` DATE, `total` DECIMAL(18,4), `valid_from` TIMESTAMP, `valid_to` TIMESTAMP, `is_current` BOOLEAN)
RETURN SELECT `tenant_id`, `source_id`, `issued_on`, `total`, `valid_from`, `valid_to`, `is_current` FROM `avesa_acme`.`invoices` WHERE `valid_from` <= `invoices_as_of`.`moment` AND (`valid_to` > `invoices_as_of`.`moment` OR `valid_to` IS NULL);

-- acme.users was never folded.

CREATE SCHEMA IF NOT EXISTS `avesa_north-it`;

CREATE TABLE IF NOT EXISTS `avesa_north-it`.`invoices`
USING DELTA LOCATION 's3://lake/msp/north-it/canonical/invoices';

CREATE OR REPLACE VIEW `avesa_north-it`.`invoices_current` AS
SELECT `tenant_id`, `source_id`, `issued_on`, `total`, `order`, `valid_from`, `valid_to`, `is_current`
FROM `avesa_north-it`.`invoices`
WHERE `is_current`;

CREATE OR REPLACE FUNCTION `avesa_north-it`.`invoices_as_of`(`moment` TIMESTAMP)
RETURNS TABLE (`tenant_id` STRING, `source_id` STRING, `issued_on` STRING, `total` DECIMAL(18,4), `order` BIGINT, `valid_from` TIMESTAMP, `valid_to` TIMESTAMP, `is_current` BOOLEAN)
RETURN SELECT `tenant_id`, `source_id`, `issued_on`, `total`, `order`, `valid_from`, `valid_to`, `is_current` FROM `avesa_north-it`.`invoices` WHERE `valid_from` <= `invoices_as_of`.`moment` AND (`valid_to` > `invoices_as_of`.`moment` OR `valid_to` IS NULL);

-- north-it.users was never folded.

CREATE SCHEMA IF NOT EXISTS `avesa`;

CREATE OR REPLACE VIEW `avesa`.`invoices` AS
SELECT `tenant_id`, `source_id`, CAST(`issued_on` AS STRING) AS `issued_on`, `total`, `valid_from`, `valid_to`, `is_current`, CAST(NULL AS BIGINT) AS `order`
FROM `avesa_acme`.`invoices`
UNION ALL
SELECT `tenant_id`, `source_id`, `issued_on`, `total`, `valid_from`, `valid_to`, `is_current`, `order`
FROM `avesa_north-it`.`invoices`;

CREATE OR REPLACE VIEW `avesa`.`invoices_current` AS
SELECT `tenant_id`, `source_id`, `issued_on`, `total`, `valid_from`, `valid_to`, `is_current`, `order`
FROM `avesa`.`invoices`
WHERE `is_current`;

CREATE OR REPLACE FUNCTION `avesa`.`invoices_as_of`(`moment` TIMESTAMP)
RETURNS TABLE (`tenant_id` STRING, `source_id` STRING, `issued_on` STRING, `total` DECIMAL(18,4), `valid_from` TIMESTAMP, `valid_to` TIMESTAMP, `is_current` BOOLEAN, `order` BIGINT)
RETURN SELECT `tenant_id`, `source_id`, `issued_on`, `total`, `valid_from`, `valid_to`, `is_current`, `order` FROM `avesa`.`invoices` WHERE `valid_from` <= `invoices_as_of`.`moment` AND (`valid_to` > `invoices_as_of`.`moment` OR `valid_to` IS NULL);

CREATE OR REPLACE VIEW `avesa`.`users` AS
SELECT * FROM (SELECT CAST(NULL AS STRING) AS `tenant_id`, CAST(NULL AS STRING) AS `source_id`, CAST(NULL AS STRING) AS `name`, CAST(NULL AS TIMESTAMP) AS `valid_from`, CAST(NULL AS TIMESTAMP) AS `valid_to`, CAST(NULL AS BOOLEAN) AS `is_current`) AS `never_folded`
WHERE 1 = 0;

CREATE OR REPLACE VIEW `avesa`.`users_current` AS
SELECT `tenant_id`, `source_id`, `name`, `valid_from`, `valid_to`, `is_current`
FROM `avesa`.`users`
WHERE `is_current`;

CREATE OR REPLACE FUNCTION `avesa`.`users_as_of`(`moment` TIMESTAMP)
RETURNS TABLE (`tenant_id` STRING, `source_id` STRING, `name` STRING, `valid_from` TIMESTAMP, `valid_to` TIMESTAMP, `is_current` BOOLEAN)
RETURN SELECT `tenant_id`, `source_id`, `name`, `valid_from`, `valid_to`, `is_current` FROM `avesa`.`users` WHERE `valid_from` <= `users_as_of`.`moment` AND (`valid_to` > `users_as_of`.`moment` OR `valid_to` IS NULL);
