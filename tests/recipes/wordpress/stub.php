<?php
// As much of WordPress as the plug-in calls: hooks, one post type, and a store of posts in this process.
define( 'ABSPATH', __DIR__ );
$hooks = array();
$posts = array();
$metas = array();
$singular = true;

function add_action( $name, $call, $priority = 10, $takes = 1 ) {
	$GLOBALS['hooks'][ $name ][] = array( $call, $takes );
}
function add_filter( ...$what ) {
	add_action( ...$what );
}
function do_action( $name, ...$given ) {
	foreach ( $GLOBALS['hooks'][ $name ] ?? array() as list( $call, $takes ) ) {
		$call( ...array_slice( $given, 0, $takes ) );
	}
}
function apply_filters( $name, $value ) {
	foreach ( $GLOBALS['hooks'][ $name ] ?? array() as list( $call ) ) {
		$value = $call( $value );
	}
	return $value;
}
function get_post( $post ) {
	return is_object( $post ) ? $post : ( $GLOBALS['posts'][ $post ] ?? null );
}
function get_post_status( $post ) {
	return get_post( $post )->post_status ?? false;
}
function get_permalink( $post ) {
	$post = get_post( $post );
	return 'https://twin.example' . ( 'publish' === $post->post_status ? $post->path : "/?p=$post->ID" );
}
function wp_make_link_relative( $link ) {
	return preg_replace( '|^https?://[^/]+(/?.*)|i', '$1', $link );
}
function is_post_type_viewable( $type ) {
	return 'post' === $type;
}
function wp_is_post_revision( $post ) {
	return false;
}
function get_post_meta( $post, $key, $single ) {
	return $GLOBALS['metas'][ $post ][ $key ] ?? '';
}
function update_post_meta( $post, $key, $value ) {
	$GLOBALS['metas'][ $post ][ $key ] = $value;
	do_action( 'updated_post_meta', 1, $post, $key );
}
function is_singular() {
	return $GLOBALS['singular'];
}
function get_queried_object_id() {
	return 1;
}
function get_post_time( $format, $utc, $post ) {
	return '2026-03-02T06:30:00+00:00';
}
function get_post_modified_time( $format, $utc, $post ) {
	return '2026-03-05T09:00:00+00:00';
}
function get_the_category( $post ) {
	return array( (object) array( 'name' => 'Science & "more"' ) );
}
function get_the_tags( $post ) {
	return false;
}
function esc_attr( $text ) {
	return htmlspecialchars( $text, ENT_QUOTES );
}
function wp_json_encode( $value ) {
	return json_encode( $value );
}
function is_wp_error( $answer ) {
	return false;
}
function wp_remote_retrieve_response_code( $answer ) {
	return $answer['code'];
}
function wp_schedule_single_event( $at, $name, $given ) {
	fwrite( STDERR, "again: $name $given[1]\n" );
}
function wp_remote_post( $url, $sent ) {
	$lines = array( 'Host: twin.example' );
	foreach ( $sent['headers'] as $name => $value ) {
		$lines[] = "$name: $value";
	}
	$http = array( 'method' => 'POST', 'header' => $lines, 'content' => $sent['body'], 'ignore_errors' => true, 'timeout' => 5 );
	@file_get_contents( $url, false, stream_context_create( array( 'http' => $http ) ) );
	preg_match( '#^HTTP/\S+ (\d+)#', $http_response_header[0] ?? '', $found );
	return array( 'code' => (int) ( $found[1] ?? 0 ) );
}

/** What WordPress does when an editor saves: before, the change, and after. */
function save( $id, $status, $path = null ) {
	$was = $GLOBALS['posts'][ $id ];
	do_action( 'pre_post_update', $id );
	$now = clone $was;
	$now->post_status = $status;
	$now->path = $path ?? $was->path;
	$GLOBALS['posts'][ $id ] = $now;
	do_action( 'transition_post_status', $status, $was->post_status, $now );
}
function post( $id, $status, $path ) {
	$GLOBALS['posts'][ $id ] = (object) array( 'ID' => $id, 'post_status' => $status, 'path' => $path, 'post_type' => 'post' );
}

require getenv( 'PLUGIN' );
