-- The voters that the log names (projections/leadership_view).
create table voters (
    node text collate "C" primary key
);
