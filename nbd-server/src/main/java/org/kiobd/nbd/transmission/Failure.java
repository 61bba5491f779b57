package org.kiobd.nbd.transmission;

/**
 * Why a request failed, as the client is told.
 *
 * @param errno one of {@link org.kiobd.nbd.protocol.NbdErrno}, not NBD_SUCCESS
 * @param text for a person; sent where the connection's replies can carry it
 * @param atOffset the byte of the export that failed; -1 if that means nothing
 */
record Failure(int errno, String text, long atOffset) {
    Failure(int errno, String text) {
        this(errno, text, -1);
    }
}
