package org.kiobd.nbd.client;

/**
 * One line of NBD_OPT_LIST.
 *
 * @param description for people; may be empty
 */
public record ListedExport(String name, String description) {}
