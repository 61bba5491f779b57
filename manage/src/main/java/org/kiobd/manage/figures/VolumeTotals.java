package org.kiobd.manage.figures;

/**
 * Totals of a served volume since it was opened. Immutable.
 *
 * @param volume name of the export
 * @param requests its requests and what became of them
 * @param connections its connections
 * @param sizeBytes size of the volume now
 * @param engine I/O engine of the server, e.g. {@code io_uring}
 * @param cache cache mode of the server, e.g. {@code writeback}; a word, because a newer server may have modes that this program lacks
 */
public record VolumeTotals(
        String volume,
        RequestTotals requests,
        ConnectionTotals connections,
        long sizeBytes,
        String engine,
        String cache) {}
