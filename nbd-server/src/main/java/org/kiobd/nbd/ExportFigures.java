package org.kiobd.nbd;

/**
 * Totals of an export since its creation.
 *
 * @param connections connections open now
 * @param connectionsTotal connections opened so far
 * @param requests requests received, including refused ones
 * @param errors requests that failed
 */
public record ExportFigures(int connections, long connectionsTotal, long requests, long errors) {}
