mod addresses;
