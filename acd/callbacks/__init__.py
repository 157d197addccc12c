"""The room of the promises to call back: plans moments, keeps the rules of a promise's life, and tells what is due."""
