package org.kiobd.manage.figures;

import org.kiobd.store.StoreFigures;
import org.kiobd.volume.DeviceCounters.MemberCounters;

/**
 * The figures of one member. Immutable.
 *
 * @param member its index
 * @param counters what the volume has sent to it
 * @param store what only its kind of store counts
 */
public record MemberFigures(int member, MemberCounters counters, StoreFigures store) {}
