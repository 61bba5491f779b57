package org.kiobd.nbd;

/**
 * How long requests of one kind took, from the receive that brought them to the send of their replies.
 *
 * @param count how many
 * @param p50Micros half of them took no longer; good to two digits, as the next
 * @param p99Micros 99 of 100 took no longer
 * @param maxMicros none took longer
 */
public record LatencyFigures(long count, double p50Micros, double p99Micros, double maxMicros) {}
