-- What every frame of a plate was read as. It stands in the row of the sighting, beside the plate
-- that was voted from it: whoever deletes or empties the one has the other before him.
alter table sighting add column raw_reads text;
