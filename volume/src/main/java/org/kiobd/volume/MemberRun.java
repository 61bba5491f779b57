package org.kiobd.volume;

/**
 * A run of consecutive bytes of a device that are stored on one member.
 *
 * @param member index of the member
 * @param lengthBytes number of bytes, 1 or more; the run may reach beyond the device's end
 */
public record MemberRun(int member, long lengthBytes) {}
