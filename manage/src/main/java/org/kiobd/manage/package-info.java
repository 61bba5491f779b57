/**
 * Volumes as an administrator sees them: {@link org.kiobd.manage.Volumes} makes, changes, copies, lists and removes the volumes of one
 * home, with their snapshots. Its methods take and return typed values; the command line writes the text for users.
 *
 * <p>Threads: the caller's, which may block. Not here: options, printing, the NBD protocol.
 */
@NullMarked
package org.kiobd.manage;

import org.jspecify.annotations.NullMarked;
