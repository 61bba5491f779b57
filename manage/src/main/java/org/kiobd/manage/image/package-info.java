/**
 * What fills a volume from an image and an image from a volume: {@link org.kiobd.manage.image.DeviceCopy}. Holes stay holes.
 *
 * <p>Threads: the command's own, with one loop for the devices. Not here: volumes that are served; their clients copy those.
 */
@NullMarked
package org.kiobd.manage.image;

import org.jspecify.annotations.NullMarked;
