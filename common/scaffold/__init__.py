"""`make new-service NAME=wishlist-service`: a service of the same shape as the others, which passes everything from the first moment."""
