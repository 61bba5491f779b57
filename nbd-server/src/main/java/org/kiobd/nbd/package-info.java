/**
 * The NBD server: serves any block device to Linux's NBD driver and other clients.
 *
 * <p>Nothing here knows how a volume is laid out; it sees the block device contract only.
 */
@NullMarked
package org.kiobd.nbd;

import org.jspecify.annotations.NullMarked;
