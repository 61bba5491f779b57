package org.kiobd.volume;

import java.util.UUID;

/**
 * The properties of a device, constant while it is open. They depend only on the volume and its persisted options, never on engine,
 * threads or current members: a kernel that reconnects after a restart does not read them again. The size is not included because it
 * can grow.
 *
 * @param name name of the volume, shown to people
 * @param uuid identity of the volume; the nil UUID for a raw image
 * @param readOnly whether the device refuses every mutation with {@link IoError#NOT_PERMITTED}
 * @param rotational hint for the client's I/O scheduler
 * @param minimumBlockBytes smallest unit a request may address, a power of two
 * @param preferredBlockBytes unit that avoids read-modify-write, a power of two
 * @param maximumPayloadBytes largest READ or WRITE; range operations may be larger
 */
public record DeviceInfo(
        String name,
        UUID uuid,
        boolean readOnly,
        boolean rotational,
        int minimumBlockBytes,
        int preferredBlockBytes,
        int maximumPayloadBytes) {

    public static final int MAXIMUM_PAYLOAD_BYTES = 64 << 20;
    public static final int PREFERRED_BLOCK_BYTES = 4096;

    /** Returns the properties of a kiobd volume: byte-addressable, 4 KiB preferred block, 64 MiB maximum payload. */
    public static DeviceInfo of(String name, UUID uuid, boolean readOnly) {
        return new DeviceInfo(name, uuid, readOnly, false, 1, PREFERRED_BLOCK_BYTES, MAXIMUM_PAYLOAD_BYTES);
    }
}
