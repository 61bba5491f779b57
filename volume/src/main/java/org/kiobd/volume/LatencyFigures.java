package org.kiobd.volume;

/**
 * Latencies of the requests of one kind, from the receive that delivers a request to the send of its reply.
 *
 * @param count number of requests
 * @param p50Micros median, accurate to two digits
 * @param p99Micros 99th percentile, accurate to two digits
 * @param maxMicros maximum
 */
public record LatencyFigures(long count, double p50Micros, double p99Micros, double maxMicros) {}
