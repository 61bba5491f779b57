/**
 * Volumes as an administrator sees them: {@link org.kiobd.manage.Volumes} makes, changes, copies, lists and removes those of one home, with
 * their snapshots. Takes and returns typed values; what people read is the command line's.
 *
 * <p>Threads: the caller's, which may block. Not here: options, printing, the NBD protocol.
 */
@NullMarked
package org.kiobd.manage;

import org.jspecify.annotations.NullMarked;
