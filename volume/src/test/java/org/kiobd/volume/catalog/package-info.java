/** Tests of the catalog. */
@NullMarked
package org.kiobd.volume.catalog;

import org.jspecify.annotations.NullMarked;
