package org.kiobd.volume;

/**
 * A run of a device's bytes that lie on one member.
 *
 * @param member index of the member
 * @param lengthBytes number of bytes, 1 or more; may reach beyond the device's end
 */
public record MemberRun(int member, long lengthBytes) {}
