<?php
// Orders, one line of JSON each on the standard input; "done" on the standard output for each.
define('WP_INSTALLING', ($argv[1] ?? '') === 'install');
$_SERVER['HTTP_HOST'] = getenv('PAPER_HOST');
require __DIR__ . '/wp-load.php';

if (WP_INSTALLING) {
    require_once ABSPATH . 'wp-admin/includes/upgrade.php';
    add_filter('pre_wp_mail', '__return_true');
    wp_install('The Thornbury Echo', 'editor', 'editor@paper.example', true, '', 'editor');
    update_option('permalink_structure', '/%year%/%monthnum%/%postname%/');
    update_option('posts_per_rss', 20);
    update_option('rss_use_excerpt', 0);
    foreach (get_posts(['post_type' => ['post', 'page'], 'post_status' => 'any', 'numberposts' => -1]) as $old) {
        wp_delete_post($old->ID, true);
    }
    wp_insert_post(['post_type' => 'page', 'post_title' => 'About', 'post_name' => 'about',
                    'post_status' => 'publish', 'post_content' => '<p>We print on Thursdays.</p>',
                    'post_date' => '2026-03-01 06:30:00', 'post_date_gmt' => '2026-03-01 06:30:00']);
    exit("done\n");
}

global $wp_rewrite;
$wp_rewrite->init();
$wp_rewrite->flush_rules(false);
while (($line = fgets(STDIN)) !== false) {
    $order = json_decode($line, true);
    $slug = $order['slug'];
    $found = get_posts(['name' => $slug, 'post_status' => 'any', 'numberposts' => 1]);
    if (!empty($order['gone'])) {
        wp_update_post(['ID' => $found[0]->ID, 'post_status' => 'draft']);
        echo "done\n";
        continue;
    }
    require_once ABSPATH . 'wp-admin/includes/taxonomy.php';
    $post = [
        'post_title' => $order['title'], 'post_name' => $slug, 'post_excerpt' => $order['standfirst'],
        'post_content' => $order['content'], 'post_status' => 'publish', 'post_author' => 1,
        'post_date' => $order['published'], 'post_date_gmt' => $order['published'],
        'post_category' => [wp_create_category($order['section'])], 'tags_input' => $order['tags'],
    ];
    if ($found) {
        $post['ID'] = $found[0]->ID;
    }
    $made = wp_insert_post($post, true);
    echo is_wp_error($made) ? 'wrong: ' . $made->get_error_message() . "\n" : "done\n";
}
