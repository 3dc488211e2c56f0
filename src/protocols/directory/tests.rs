//! beside the general tests of the catalogue.
