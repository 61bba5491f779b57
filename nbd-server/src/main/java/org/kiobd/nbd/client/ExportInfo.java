package org.kiobd.nbd.client;

import static org.kiobd.nbd.protocol.TransmissionFlags.NBD_FLAG_CAN_MULTI_CONN;
import static org.kiobd.nbd.protocol.TransmissionFlags.NBD_FLAG_READ_ONLY;

import org.kiobd.nbd.protocol.TransmissionFlags;

/**
 * The server's description of an export. Immutable.
 *
 * @param name the canonical name, if the server sent it; otherwise the requested name
 * @param description text for people; may be empty
 * @param sizeBytes size of the export
 * @param transmissionFlags flags of {@link TransmissionFlags}
 * @param blocks the size constraints for requests
 */
public record ExportInfo(String name, String description, long sizeBytes, int transmissionFlags, BlockSizes blocks) {

    /**
     * Size constraints.
     *
     * @param minimumBytes offsets and lengths must be multiples of this size
     * @param preferredBytes the preferred block size, for performance
     * @param maxPayloadBytes maximum length of a READ or WRITE
     */
    public record BlockSizes(int minimumBytes, long preferredBytes, long maxPayloadBytes) {
        /** The constraints that the specification prescribes if the server does not send any. */
        public static final BlockSizes DEFAULT = new BlockSizes(1, 4096, 32L << 20);
    }

    public boolean has(int transmissionFlag) {
        return (transmissionFlags & transmissionFlag) != 0;
    }

    public boolean isReadOnly() {
        return has(NBD_FLAG_READ_ONLY);
    }

    /** Returns whether several connections see the writes of each other, and a FLUSH on one connection covers all of them. */
    public boolean canMultiConn() {
        return has(NBD_FLAG_CAN_MULTI_CONN);
    }

    @Override
    public String toString() {
        return "export=" + name + " sizeBytes=" + sizeBytes + " flags=" + TransmissionFlags.toString(transmissionFlags);
    }
}
