package org.kiobd.nbd.transmission;

/**
 * The failure of a request, as reported to the client.
 *
 * @param errno one of {@link org.kiobd.nbd.protocol.NbdErrno}, not NBD_SUCCESS
 * @param text text for a person; sent if the header style of the connection can carry it
 * @param atOffset offset in the export of the byte that failed; -1 if there is none
 */
record Failure(int errno, String text, long atOffset) {
    Failure(int errno, String text) {
        this(errno, text, -1);
    }
}
