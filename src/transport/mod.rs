//! Call -> HTTP -> Receipt or Failure.
