package org.kiobd.nbd.client;

import static org.kiobd.nbd.protocol.TransmissionFlags.NBD_FLAG_CAN_MULTI_CONN;
import static org.kiobd.nbd.protocol.TransmissionFlags.NBD_FLAG_READ_ONLY;

import org.kiobd.nbd.protocol.TransmissionFlags;

/**
 * What a server says about an export. Immutable.
 *
 * @param name the canonical one, where the server tells; otherwise what was asked for
 * @param description for people; may be empty
 * @param sizeBytes of the export
 * @param transmissionFlags of {@link TransmissionFlags}
 * @param blocks sizes a request has to keep to
 */
public record ExportInfo(String name, String description, long sizeBytes, int transmissionFlags, BlockSizes blocks) {

    /**
     * Size constraints.
     *
     * @param minimumBytes offsets and lengths are multiples of it
     * @param preferredBytes what is fast
     * @param maxPayloadBytes longest READ and WRITE
     */
    public record BlockSizes(int minimumBytes, long preferredBytes, long maxPayloadBytes) {
        /** What the specification has a client assume where the server is silent. */
        public static final BlockSizes DEFAULT = new BlockSizes(1, 4096, 32L << 20);
    }

    public boolean has(int transmissionFlag) {
        return (transmissionFlags & transmissionFlag) != 0;
    }

    public boolean isReadOnly() {
        return has(NBD_FLAG_READ_ONLY);
    }

    /** Whether several connections see one another's writes, and a FLUSH on one covers all. */
    public boolean canMultiConn() {
        return has(NBD_FLAG_CAN_MULTI_CONN);
    }

    @Override
    public String toString() {
        return "export=" + name + " sizeBytes=" + sizeBytes + " flags=" + TransmissionFlags.toString(transmissionFlags);
    }
}
