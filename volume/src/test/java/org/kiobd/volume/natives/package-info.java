/** Tests of where native libraries are kept. */
@NullMarked
package org.kiobd.volume.natives;

import org.jspecify.annotations.NullMarked;
