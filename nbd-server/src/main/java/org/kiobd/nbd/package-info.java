/**
 * The NBD server: serves any block device to Linux's NBD driver and other clients.
 *
 * <p>This package does not know the layout of a volume; it uses the block device contract only.
 */
@NullMarked
package org.kiobd.nbd;

import org.jspecify.annotations.NullMarked;
