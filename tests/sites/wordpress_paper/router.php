<?php
// What a web server does before WordPress: the lock, files as they are, and everything else to index.php.
$secret = getenv('PAPER_SECRET');
if ($secret && ($_SERVER['HTTP_X_FOLDLINE_SECRET'] ?? '') !== $secret) {
    http_response_code(403);
    header('Content-Type: text/plain');
    echo "no!\n";
    return true;
}
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
$file = __DIR__ . rawurldecode($path);
if ($path !== '/' && is_file($file)) {
    return false;
}
if (is_dir($file) && is_file(rtrim($file, '/') . '/index.php') && $path !== '/') {
    $_SERVER['SCRIPT_NAME'] = rtrim($path, '/') . '/index.php';
    chdir(rtrim($file, '/'));
    require rtrim($file, '/') . '/index.php';
    return true;
}
$_SERVER['SCRIPT_NAME'] = '/index.php';
require __DIR__ . '/index.php';
return true;
