package org.kiobd.nbd;

/**
 * What an export has done since it was made.
 *
 * @param connections connected now
 * @param connectionsTotal connected so far
 * @param requests requests received, refused ones included
 * @param errors requests answered with an error
 */
public record ExportFigures(int connections, long connectionsTotal, long requests, long errors) {}
