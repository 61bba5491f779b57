package org.kiobd.manage.figures;

/**
 * The connections to a volume. Immutable.
 *
 * @param now connections open now
 * @param total connections opened so far
 * @param refused clients that the limits of the server refused so far; of all its volumes together, because such a client has not named one
 */
public record ConnectionTotals(long now, long total, long refused) {}
