package org.kiobd.volume;

import java.util.UUID;

/**
 * What a device is, for as long as it is open. Depends on the volume and its persisted options only, never on engine, threads or
 * today's members: a kernel that reconnects after a restart does not read it again. The size is not here because it can grow.
 *
 * @param name the volume's name, shown to people
 * @param uuid identity of the volume; the nil UUID for a raw image
 * @param readOnly every mutation is refused with {@link IoError#NOT_PERMITTED}
 * @param rotational a hint for the client's scheduler
 * @param minimumBlockBytes smallest unit a request may address, a power of two
 * @param preferredBlockBytes unit that avoids read-modify-write, a power of two
 * @param maximumPayloadBytes largest READ or WRITE; range operations are not bound by it
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

    /** The shape every kiobd volume has: bytes addressable, 4 KiB preferred, 64 MiB at most. */
    public static DeviceInfo of(String name, UUID uuid, boolean readOnly) {
        return new DeviceInfo(name, uuid, readOnly, false, 1, PREFERRED_BLOCK_BYTES, MAXIMUM_PAYLOAD_BYTES);
    }
}
