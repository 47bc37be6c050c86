/**
 * The SQL of Iceberg's JDBC catalog, letter for letter (checklist 13.19–13.22; Java `JdbcUtil`), so that Java, PyIceberg and we work on
 * one database. V1 has the column `iceberg_type`, V0 has not; rows of either may hold NULL there.
 */

export const CREATE_TABLES =
  'CREATE TABLE iceberg_tables(catalog_name VARCHAR(255) NOT NULL,table_namespace VARCHAR(255) NOT NULL,' +
  'table_name VARCHAR(255) NOT NULL,metadata_location VARCHAR(1000),previous_metadata_location VARCHAR(1000),' +
  'PRIMARY KEY (catalog_name, table_namespace, table_name))';

export const ADD_TYPE = 'ALTER TABLE iceberg_tables ADD COLUMN iceberg_type VARCHAR(5)';

export const CREATE_NAMESPACES =
  'CREATE TABLE iceberg_namespace_properties(catalog_name VARCHAR(255) NOT NULL,namespace VARCHAR(255) NOT NULL,' +
  'property_key VARCHAR(255),property_value VARCHAR(1000),PRIMARY KEY (catalog_name, namespace, property_key))';

export type CatalogSchema = 'V0' | 'V1';

/** Restricts a statement to tables where the database can tell them from views. */
const onlyTables = (schema: CatalogSchema): string =>
  schema === 'V1' ? " AND (iceberg_type = 'TABLE' OR iceberg_type IS NULL)" : '';

const ROW = 'WHERE catalog_name = ? AND table_namespace = ? AND table_name = ?';

export const statements = (schema: CatalogSchema) => ({
  locate: `SELECT metadata_location FROM iceberg_tables ${ROW}${onlyTables(schema)}`,
  create:
    schema === 'V1'
      ? 'INSERT INTO iceberg_tables (catalog_name, table_namespace, table_name, metadata_location, ' +
        "previous_metadata_location, iceberg_type) VALUES (?, ?, ?, ?, NULL, 'TABLE') ON CONFLICT DO NOTHING"
      : 'INSERT INTO iceberg_tables (catalog_name, table_namespace, table_name, metadata_location, ' +
        'previous_metadata_location) VALUES (?, ?, ?, ?, NULL) ON CONFLICT DO NOTHING',
  swap:
    'UPDATE iceberg_tables SET metadata_location = ?, previous_metadata_location = ? ' +
    `${ROW} AND metadata_location = ?${onlyTables(schema)}`,
  drop: `DELETE FROM iceberg_tables ${ROW}${onlyTables(schema)}`,
  listTables:
    'SELECT table_name FROM iceberg_tables WHERE catalog_name = ? AND table_namespace = ?' +
    `${onlyTables(schema)} ORDER BY table_name`,
  listNamespaces:
    'SELECT table_namespace AS namespace FROM iceberg_tables WHERE catalog_name = ? UNION ' +
    'SELECT namespace FROM iceberg_namespace_properties WHERE catalog_name = ? ORDER BY 1',
  setNamespaceProperty:
    'INSERT INTO iceberg_namespace_properties (catalog_name, namespace, property_key, property_value) VALUES (?, ?, ?, ?)',
});
