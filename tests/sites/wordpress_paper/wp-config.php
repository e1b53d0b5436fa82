<?php
// The WordPress newspaper of the tests. Its address is whatever it is asked as, so that it may stand behind a gate.
define('DB_NAME', 'paper');
define('DB_USER', 'root');
define('DB_PASSWORD', '');
define('DB_HOST', 'localhost:' . getenv('PAPER_DATABASE'));
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');
$host = $_SERVER['HTTP_HOST'] ?? '127.0.0.1';
define('WP_HOME', 'http://' . $host);
define('WP_SITEURL', 'http://' . $host);
define('DISABLE_WP_CRON', true);
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('AUTOMATIC_UPDATER_DISABLED', true);
define('WP_DEBUG', false);
foreach (['AUTH_KEY', 'SECURE_AUTH_KEY', 'LOGGED_IN_KEY', 'NONCE_KEY',
          'AUTH_SALT', 'SECURE_AUTH_SALT', 'LOGGED_IN_SALT', 'NONCE_SALT'] as $name) {
    define($name, 'of a newspaper that lives as long as a test does: ' . $name);
}
$table_prefix = 'wp_';
if (!defined('ABSPATH')) {
    define('ABSPATH', __DIR__ . '/');
}
require_once ABSPATH . 'wp-settings.php';
