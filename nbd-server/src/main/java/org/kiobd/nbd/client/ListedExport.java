package org.kiobd.nbd.client;

/**
 * One export in the reply to NBD_OPT_LIST. Immutable.
 *
 * @param description text for people; may be empty
 */
public record ListedExport(String name, String description) {}
